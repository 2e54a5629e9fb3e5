function Invoke-DiskCreate {
    <#
    .SYNOPSIS
    disk.create: makes a disk, empty or from an image, of the size that was asked for, and attaches it when a machine is named.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    Assert-AgentTuning -Spec $spec
    $size = $spec['size_bytes']
    if ($null -eq $size -and $null -eq $spec['image']) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'size_bytes is needed where no image is named.' -Pointer '/size_bytes') }
    $vm = $null
    if ($null -ne $spec['vm']) { $vm = Get-AgentVm -Id $spec['vm'] }
    elseif ($null -eq $spec['name']) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'name is needed where no machine is named.' -Pointer '/name') }
    $source = ''
    if ($null -ne $spec['image']) { $source = Resolve-AgentImage -Name $spec['image'] -Kind disk -Resources $Job.Resources }
    $new = Resolve-AgentNewDisk -Vm $vm -Name $spec['name'] -StorageClass $spec['storage_class'] -Resources $Job.Resources
    New-AgentDiskFile -Path $new.Path -SizeBytes $size -Source $source -Fixed:($true -eq $spec['preallocate'])
    $id = Get-AgentDiskId -Path $new.Path
    if ($null -ne $vm) {
        try { $id = Add-AgentDisk -Vm $vm -Path $new.Path -Name $new.Name -Spec $spec }
        catch {
            $problem = $_
            try { Remove-AgentDiskFile -Path $new.Path -Resources $Job.Resources } catch { Write-Warning "The disk could not be taken back: $_" }
            throw $problem
        }
    }
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'disk' -To $new.Name) -Message "The disk $($new.Name) was made."
}
