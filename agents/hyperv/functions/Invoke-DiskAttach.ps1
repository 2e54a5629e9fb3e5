function Invoke-DiskAttach {
    <#
    .SYNOPSIS
    disk.attach: attaches a volume that no machine has.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    Assert-AgentTuning -Spec $spec
    $vm = Get-AgentVm -Id $spec['vm']
    $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
    $mine = Find-AgentDevice -Devices $devices -Word $spec['disk'] -Kind disk
    if ($null -ne $mine -and $mine.Id -ceq $spec['disk']) { return New-AgentChanged -Id $mine.Id -Changes @() -Message 'The virtual machine has the disk already.' }
    $disk = (Get-AgentDisk -Job @{ Spec = @{ disk = $spec['disk'] }; Resources = $Job.Resources }).Device
    $path = Assert-AgentPathInside -Path $disk.Path -Resources $Job.Resources -Pointer '/disk'
    if ($null -ne (Find-AgentImage -Path $path -Resources $Job.Resources)) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'The disk is an image that the host declares.' -Pointer '/disk') }
    $use = Get-AgentDiskUse -Path $path -Resources $Job.Resources
    if ($use.Users.Count -gt 0) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'Another virtual machine has the disk.' -Pointer '/disk') }
    if ($use.Children.Count -gt 0) { throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message 'Other disks stand on this one.' -Pointer '/disk') }
    $name = Resolve-AgentDeviceName -Devices $devices -Name $spec['name'] -Stem 'disk'
    $id = Add-AgentDisk -Vm $vm -Path $path -Name $name -Spec $spec
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'vm' -From $null -To (ConvertTo-AgentId -Vm $vm)) -Message "The disk was attached as $name."
}
