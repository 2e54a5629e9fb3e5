# The fake Hyper-V module as a world: one for many processes, with export and import, and CIM.
[Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseDeclaredVarsMoreThanAssignments', '', Justification = 'Pester blocks share variables')]
param()

BeforeAll {
    Set-StrictMode -Version Latest
    $fake = Join-Path $PSScriptRoot 'fake-hyperv'
    $modulePathBefore = $env:PSModulePath
    Import-Module (Join-Path $fake 'modules/FakeHyperV/FakeHyperV.psd1') -Force
    $null = New-FakeHyperVWorld -Folder (Join-Path $TestDrive 'first')
    Import-Module (Join-Path $fake 'modules/Hyper-V/Hyper-V.psd1') -Force
    Import-Module (Join-Path $fake 'modules/CimCmdlets/CimCmdlets.psd1') -Force

    function New-World {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'a test folder')]
        param([hashtable]$Definition = @{})
        $folder = Join-Path $TestDrive ([guid]::NewGuid().ToString())
        $null = New-FakeHyperVWorld -Folder $folder -Definition $Definition
        return $folder
    }

    # The id of the error that the block ends with; '' when it does not.
    function Get-ErrorId {
        param([scriptblock]$Block)
        $ErrorActionPreference = 'Stop'
        try { $null = & $Block } catch { return $_.FullyQualifiedErrorId }
        return ''
    }

    # A machine of generation 2 with one disk, without adapters.
    function New-Machine {
        [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'a fake machine')]
        param([string]$Folder, [string]$Name = 'web', [int]$Generation = 2)
        $vm = New-VM -Name $Name -Generation $Generation -MemoryStartupBytes 1GB -NoVHD -Path $Folder
        Remove-VMNetworkAdapter -VM $vm
        $disk = New-VHD -Path (Join-Path $Folder "$Name.vhdx") -SizeBytes 1GB -Dynamic
        Add-VMHardDiskDrive -VM $vm -Path $disk.Path
        return Get-VM -Id $vm.Id
    }

    # Another process with the same world.
    function Invoke-Process {
        param([string]$Command)
        pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; Import-Module Hyper-V; $Command"
    }

    $commands = 'Microsoft.HyperV.PowerShell.Commands'
}

AfterAll {
    Remove-Module Hyper-V, CimCmdlets, FakeHyperV -ErrorAction SilentlyContinue
    $env:PSModulePath = $modulePathBefore
    $env:FAKE_HYPERV_STATE = $null
}

Describe 'Export and import' {
    BeforeEach {
        $folder = New-World
        $vm = New-Machine -Folder $folder
        $null = Add-VMNetworkAdapter -VM $vm -Name lan -SwitchName LAN -Passthru
        Write-FakeHyperVDisk -Path (Join-Path $folder 'web.vhdx') -Text data
        Export-VM -VM $vm -Path (Join-Path $folder 'out')
        $config = (Get-ChildItem -LiteralPath (Join-Path $folder 'out/web/Virtual Machines') -Filter *.vmcx).FullName
    }

    It 'copies with a new identity' {
        Get-ErrorId { Export-VM -VM $vm -Path (Join-Path $folder 'out') } | Should -Be "OperationFailed,$commands.ExportVM"
        $copy = Import-VM -Path $config -Copy -GenerateNewId -VhdDestinationPath (Join-Path $folder 'copy')
        $copy.Id | Should -Not -Be $vm.Id
        Read-FakeHyperVDisk -Path $copy.HardDrives[0].Path | Should -Be 'data'
        $copy.HardDrives[0].Path | Should -Be (Join-Path $folder 'copy/web.vhdx')
    }

    It 'refuses an identity that is there, and says what does not fit' {
        Get-ErrorId { Import-VM -Path $config -Register } | Should -Be "OperationFailed,$commands.ImportVM"
        Remove-VM -VM $vm -Force
        Edit-FakeHyperVWorld { param($World) $World.switches[0].name = 'Other' }
        Get-ErrorId { Import-VM -Path $config -Register } | Should -Be "OperationFailed,$commands.ImportVM"
        $report = Compare-VM -Path $config -Register
        @($report.Incompatibilities).MessageId | Should -Be 33012
        @(Get-VM).Count | Should -Be 0
        Disconnect-VMNetworkAdapter -VMNetworkAdapter $report.Incompatibilities[0].Source
        Rename-VM -VM $report.VM -NewName back
        (Import-VM -CompatibilityReport $report).Name | Should -Be 'back'
        (Get-VM).Id | Should -Be $vm.Id
    }
}

Describe 'One world for many processes' {
    It 'shows the next process what the one before did' {
        $folder = New-World
        $id = Invoke-Process '$vm = New-VM -Name from-another -Generation 2 -NoVHD -MemoryStartupBytes 1GB; Start-VM -VM $vm; $vm.Id.ToString()'
        "$((Get-VM -Name from-another).Id)" | Should -Be $id
        "$((Get-VM -Name from-another).State)" | Should -Be 'Running'
        Stop-VM -Name from-another -TurnOff
        Invoke-Process '(Get-VM -Name from-another).State.ToString()' | Should -Be 'Off'
        Test-Path -LiteralPath (Join-Path $folder 'world.json.new') | Should -BeFalse
    }

    It 'lets parallel ones take turns: nothing is lost, no address is given twice' {
        $null = New-World
        $work = 'Import-Module Hyper-V; 1..4 | ForEach-Object { $vm = New-VM -Name "p$PID-$_" -Generation 2 -NoVHD -MemoryStartupBytes 32MB; Start-VM -VM $vm -ErrorAction Stop }'
        $processes = @(1..3 | ForEach-Object { Start-Process -FilePath pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-EncodedCommand', ([System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($work))) -PassThru })
        foreach ($process in $processes) {
            $process.WaitForExit(120000) | Should -BeTrue
            $process.ExitCode | Should -Be 0
        }
        $machines = @(Get-VM)
        $machines.Count | Should -Be 12
        @($machines | ForEach-Object { $_.NetworkAdapters[0].MacAddress } | Select-Object -Unique).Count | Should -Be 12
    }

    It 'is left whole by a process that is killed' {
        $null = New-World
        $process = Start-Process -FilePath pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-Command', 'Import-Module Hyper-V; while ($true) { $null = New-VM -Name k -NoVHD }' -PassThru
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (@(Get-VM).Count -lt 5 -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
        $process.Kill()
        $process.WaitForExit(60000) | Should -BeTrue
        @(Get-VM).Count | Should -BeGreaterOrEqual 5
    }

    It 'does what is under way although the process that waits for it is killed' {
        $folder = New-World @{ delays = @{ 'Start-VM' = 3600000 } }
        $vm = New-Machine -Folder $folder
        $process = Start-Process -FilePath pwsh -ArgumentList '-NoProfile', '-NonInteractive', '-Command', "Import-Module Hyper-V; Get-VM -Id $($vm.Id) | Start-VM" -PassThru
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while ("$((Get-VM -Id $vm.Id).State)" -ne 'Running' -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 20 }
        $process.HasExited | Should -BeFalse
        $process.Kill()
        $process.WaitForExit(60000) | Should -BeTrue
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Running'
    }

    It 'records calls when asked' {
        $null = New-World @{ record = $true }
        $null = Get-VM
        $null = New-VM -Name a -NoVHD
        $calls = (Get-FakeHyperVWorld).calls
        $calls.command | Should -Be @('Get-VM', 'New-VM')
        $calls[1].parameters | Should -Contain 'NoVHD'
    }
}

Describe 'CIM' {
    BeforeEach {
        $folder = New-World
        $vm = New-Machine -Folder $folder
        $namespace = 'root/virtualization/v2'
        $system = Get-CimInstance -Namespace $namespace -ClassName Msvm_ComputerSystem -Filter "Name = '$($vm.Id)'"
        $service = Get-CimInstance -Namespace $namespace -ClassName Msvm_VirtualSystemManagementService
        function Get-KvpXml {
            param([string]$Name, [string]$Data)
            "<INSTANCE CLASSNAME=`"Msvm_KvpExchangeDataItem`"><PROPERTY NAME=`"Name`" TYPE=`"string`"><VALUE>$Name</VALUE></PROPERTY><PROPERTY NAME=`"Data`" TYPE=`"string`"><VALUE>$([System.Security.SecurityElement]::Escape($Data))</VALUE></PROPERTY><PROPERTY NAME=`"Source`" TYPE=`"uint16`"><VALUE>0</VALUE></PROPERTY></INSTANCE>"
        }
        function Invoke-Kvp {
            param([string]$Method, [string[]]$Item)
            (Invoke-CimMethod -InputObject $service -MethodName $Method -Arguments @{ TargetSystem = $system; DataItems = $Item }).ReturnValue
        }
    }

    It 'asks by filter, query and class, and refuses classes that are not there' {
        $system.ElementName | Should -Be 'web'
        $system.EnabledState | Should -Be 3
        (Get-CimInstance -Namespace $namespace -Query "SELECT * FROM Msvm_ComputerSystem WHERE ElementName LIKE 'w%' AND EnabledState = 3").Name | Should -Be $vm.Id
        @(Get-CimInstance -Namespace $namespace -ClassName Msvm_ComputerSystem).Count | Should -Be 2
        Get-ErrorId { Get-CimInstance -Namespace $namespace -ClassName Msvm_Nothing } | Should -Be 'HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
        Get-ErrorId { Get-CimInstance -ClassName Msvm_ComputerSystem } | Should -BeLike 'HRESULT 0x80041010,*'
        Get-ErrorId { Get-CimInstance -Namespace $namespace -ClassName Msvm_ComputerSystem -Filter 'Name is x' } | Should -BeLike 'HRESULT 0x80041017,*'
    }

    It 'adds, changes and removes items as a whole or not at all' {
        Invoke-Kvp AddKvpItems (Get-KvpXml a 'x & <y>') | Should -Be 0
        Invoke-Kvp AddKvpItems (Get-KvpXml b 1), (Get-KvpXml a 2) | Should -Be 32773
        Invoke-Kvp ModifyKvpItems (Get-KvpXml b 1) | Should -Be 32773
        Invoke-Kvp ModifyKvpItems (Get-KvpXml a ('z' * 1023)) | Should -Be 0
        Invoke-Kvp ModifyKvpItems (Get-KvpXml a ('z' * 1024)) | Should -Be 32773
        $settings = Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_VirtualSystemSettingData
        $component = Get-CimAssociatedInstance -InputObject $settings -ResultClassName Msvm_KvpExchangeComponentSettingData
        ([xml]$component.HostExchangeItems[0]).SelectSingleNode("INSTANCE/PROPERTY[@NAME='Data']/VALUE").InnerText.Length | Should -Be 1023
        Invoke-Kvp RemoveKvpItems (Get-KvpXml a '') | Should -Be 0
        @((Get-FakeHyperVWorld).vms[0].kvp).Count | Should -Be 0
    }

    It 'starts jobs that are to be waited for' {
        Edit-FakeHyperVWorld { param($World) $World.timing.asyncKvp = $true; $World.timing.jobMs = 3600000 }
        $answer = Invoke-CimMethod -InputObject $service -MethodName AddKvpItems -Arguments @{ TargetSystem = $system; DataItems = @(Get-KvpXml a 1) }
        $answer.ReturnValue | Should -Be 4096
        (Get-CimInstance -InputObject $answer.Job).JobState | Should -Be 4
        Edit-FakeHyperVWorld { param($World) $World.jobs[0].untilMs = 0 }
        (Get-CimInstance -InputObject $answer.Job).JobState | Should -Be 7
    }

    It 'reads the guest''s items only while it runs' {
        Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_KvpExchangeComponent | Should -BeNullOrEmpty
        Start-VM -VM $vm
        Edit-FakeHyperVWorld { param($World) $World.vms[0].guest.items = @([pscustomobject]@{ name = 'farhand.ack'; data = 'ok' }) }
        $component = Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_KvpExchangeComponent
        @($component.GuestExchangeItems).Count | Should -Be 1
        $component.GuestExchangeItems[0] | Should -BeLike '*ok*farhand.ack*'
    }

    It 'summarises what was asked for, pictures and types only while running' {
        $answer = Invoke-CimMethod -InputObject $service -MethodName GetSummaryInformation -Arguments @{ RequestedInformation = [uint32[]]@(0, 1, 100) }
        $answer.SummaryInformation[0].ElementName | Should -Be 'web'
        $answer.SummaryInformation[0].NumberOfProcessors | Should -BeNullOrEmpty
        $settings = Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_VirtualSystemSettingData -Association Msvm_SettingsDefineState
        $picture = @{ TargetSystem = $settings; WidthPixels = [uint16]64; HeightPixels = [uint16]4 }
        (Invoke-CimMethod -InputObject $service -MethodName GetVirtualSystemThumbnailImage -Arguments $picture).ReturnValue | Should -Be 32775
        Start-VM -VM $vm
        $image = (Invoke-CimMethod -InputObject $service -MethodName GetVirtualSystemThumbnailImage -Arguments $picture).ImageData
        $image.Count | Should -Be 512
        $image[0..1] | Should -Be @(0x00, 0xF8)
        $keyboard = Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_Keyboard
        (Invoke-CimMethod -InputObject $keyboard -MethodName TypeText -Arguments @{ asciiText = 'hello' }).ReturnValue | Should -Be 0
        (Get-FakeHyperVWorld).vms[0].guest.keys[0].value | Should -Be 'hello'
        Get-ErrorId { Invoke-CimMethod -InputObject $keyboard -MethodName Nothing } | Should -BeLike 'HRESULT 0x80041055,*'
    }

    It 'asks a guest to restart' {
        Start-VM -VM $vm
        $component = Get-CimAssociatedInstance -InputObject $system -ResultClassName Msvm_ShutdownComponent
        (Invoke-CimMethod -InputObject $component -MethodName InitiateReboot -Arguments @{ Force = $false; Reason = 'test' }).ReturnValue | Should -Be 0
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Running'
        (Invoke-CimMethod -InputObject $component -MethodName InitiateShutdown -Arguments @{ Force = $false; Reason = 'test' }).ReturnValue | Should -Be 0
        "$((Get-VM -Id $vm.Id).State)" | Should -Be 'Off'
    }
}
