function Invoke-VmExport {
    <#
    .SYNOPSIS
    vm.export: writes a machine that is off, with its disks, into a new folder of a storage class.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    Assert-AgentState -Vm $vm -State off -Message 'it must be off to be exported' -Pointer '/vm'
    $path = Resolve-AgentFolder -Job $Job
    if ([System.IO.Directory]::Exists($path) -or [System.IO.File]::Exists($path)) { throw (New-AgentFailure -Code DISK_EXISTS -Message 'There is a folder of that name already.' -Pointer '/folder') }
    $needed = [long]0
    foreach ($disk in @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes) -Adapters @() | Where-Object { $_.Kind -ceq 'disk' -and $_.Path -ne '' })) { $needed += [long](Get-VHD -Path $disk.Base).FileSize }
    Assert-AgentSpace -Path ([System.IO.Path]::GetDirectoryName($path)) -Bytes $needed
    try { Export-VM -VM $vm -Path $path }
    catch {
        $problem = $_
        try { if ([System.IO.Directory]::Exists($path)) { [System.IO.Directory]::Delete($path, $true) } } catch { Write-Warning "What was written could not be deleted: $_" }
        throw $problem
    }
    $bytes = [long]0
    foreach ($file in [System.IO.Directory]::GetFiles($path, '*', [System.IO.SearchOption]::AllDirectories)) { $bytes += [System.IO.FileInfo]::new($file).Length }
    New-AgentChanged -Id (ConvertTo-AgentId -Vm $vm) -Changes @(New-AgentChange -Field 'folder' -To $Job.Spec['folder']) -Message "The virtual machine was written into $($Job.Spec['folder'])." `
        -More ([ordered]@{ folder = $Job.Spec['folder']; bytes = $bytes })
}
